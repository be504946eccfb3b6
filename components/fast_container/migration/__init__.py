"""A program with images of other components, written anew for ``fast-container migrate``.

Decides what step 1 and step 2 of a migration are, and lists with its reason what is not translated; nothing is guessed.
``calls`` finds the images of a program, ``arguments`` translates what they are given, ``consumers`` what others take
from them, ``edits`` puts pieces of text in place; ``steps`` is all of it for one program. ``states`` writes a program
from a stack's state, where secrets are never written. Leaves files and printing to the command line.
"""
