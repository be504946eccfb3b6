"""Registry caches that pay: when one is exported, and what it brought.

Decides by the records of earlier builds alone: ``exports`` whether a build exports its cache, ``savings`` what the
cache of a build took and saved. Leaves the names and flags of caches to ``core.registry_cache``, reading records to
``adapters.records.export_history``.
"""
