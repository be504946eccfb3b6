"""What happened to an image, for reports and for other machines.

Decides what a record holds and its JSON form. Read ``record`` first. Leaves where records are kept to adapters, and how
they read to ``report``.
"""
