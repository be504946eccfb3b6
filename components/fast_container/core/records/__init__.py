"""What happened to an image, for reports and for other machines.

Decides what a record holds and its JSON form: ``record``. Leaves where records are kept, and how they read, to others.
"""
