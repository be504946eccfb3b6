"""Clean-up: scan, decide, check again, delete.

Decides the order, and that nothing is deleted unless everything that may use an image could be read. ``scan`` reads
images and uses, side by side; ``deletion`` deletes in batches, each checked again. Nothing is remembered between runs,
so one that is killed is simply run again. Leaves the decision about an image to ``core.cleanup``, and asking AWS to the
readers and stores that it is given.
"""
