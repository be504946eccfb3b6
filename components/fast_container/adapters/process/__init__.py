"""Child processes of which nothing is left: ``child`` runs one, under ``process_guard``, in a ``private_directory``."""
