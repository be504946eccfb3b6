"""What is decided without asking anyone: pure, standard library only.

Files may be read here (a build context is files); no network, no process, no clock, no environment.
"""
