"""The steps of a Dockerfile's stages as the rules see them: what each starts, installs, reads and mounts; pure.

Decides what is known of a step, and that nothing is known where it is not understood. ``shell_scan`` cuts a script into
commands, ``shell_commands`` makes words of them, ``stage_steps`` has the stages, ``installs`` reads installations,
``context_files`` and ``dependency_files`` have the files, ``known_images`` the bases of which something is known.

Leaves what is wrong with any of it to the rules.
"""
