"""What happened to an image, for reports and for other machines.

Decides what a record holds and its JSON form. Reading order: ``record``; its parts ``phases``, ``steps``,
``cache_export``, ``machine`` and ``origin``; ``numbers``, which reads fields; ``span``, a part of a trace. Leaves
where records are kept, and how they read, to others.
"""
