"""The pairs of ``docs/cases``: one application, as teams write it first and as it should be, both built and measured.

``pairs`` lists them, ``builds`` builds one with a real BuildKit, ``findings`` says how much of the size that a person
saved was named before, ``report`` makes the tables.
"""
