"""What may be deleted from repositories of images and from a bucket of sources, and why everything else stays.

Decides without asking anyone. Reading order: ``stored`` (an image as a repository holds it), ``uses`` (who says that an
image is in use, and which one it means), ``reachable`` (what an image that stays keeps with it), ``verdicts`` (the
decision: age, count, kind and use), ``batches`` (what is deleted together, and in which order), ``savings`` (bytes and
money), ``sources`` (objects in S3), ``stack_state`` (references in the state of a stack), ``repository_policy`` (which
accounts may pull, and which lifecycle rules know nothing of use). Leaves asking AWS to ``adapters.usage`` and
``adapters.inventory``, and the order of scan, check and deletion to ``cleanup``.
"""
