"""What makes hashing quick and never wrong: ``stat_cache`` remembers, ``hash_helpers`` share the work.

``walks`` puts both together for a program.
"""
