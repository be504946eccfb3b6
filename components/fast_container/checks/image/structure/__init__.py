"""Tests of an image's structure as container-structure-test's files say them, without a container: pure.

Decides which of its tests are understood and what each of them finds, with the verdicts of container-structure-test
1.19. In reading order: ``tests`` (what a file may say), ``need_a_container`` (which tests are not run), ``yaml_nodes``
(values with their lines), ``reading`` (a file becomes tests), ``go_expression`` (patterns as Go reads them),
``file_modes`` (permissions as Go writes them), ``written`` (as text that travels), ``verdicts`` (the tests on an
image).

Leaves files on disk to the command line, the content of files in images to ``build.image_contents``, and how a failed
test is shown to ``checks.image``, where it is a finding of V11.
"""
