"""The program that compiles bytecode inside of a base image's build.

Decides which files are compiled (the parent's own library, the installed distributions, Lambda's runtime) and which are
left as they are (those with valid bytecode, so that no layer holds it twice; those that do not compile, which some
distributions ship). Leaves when it runs to ``python_base.dockerfile``.
"""

from typing import Final

BYTECODE_PROGRAM: Final = '''\
"""Compile what is not compiled yet, with hashes that are not checked: valid whatever happens to the files' times."""

import importlib.util
import os
import py_compile
import site
import struct
import sys
import sysconfig
from concurrent.futures import ProcessPoolExecutor

SKIPPED = {"__pycache__", "idlelib", "idle_test", "lib2to3", "turtledemo"}
HEADER = struct.Struct("<4sI8s")


def folders():
    paths = sysconfig.get_paths()
    found = [paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"], *site.getsitepackages()]
    return sorted({os.path.realpath(folder) for folder in [*found, "/var/runtime"] if os.path.isdir(folder)})


def sources():
    seen = set()
    for top in folders():
        for folder, inside, names in os.walk(top):
            inside[:] = sorted(name for name in inside if name not in SKIPPED)
            if folder == sysconfig.get_paths()["stdlib"] and "test" in inside:
                inside.remove("test")
            seen.update(os.path.join(folder, name) for name in names if name.endswith(".py"))
    return sorted(seen)


def is_valid(source, target):
    try:
        with open(target, "rb") as file:
            magic, flags, rest = HEADER.unpack(file.read(HEADER.size))
    except (OSError, struct.error):
        return False
    if magic != importlib.util.MAGIC_NUMBER:
        return False
    if flags:
        with open(source, "rb") as file:
            return rest == importlib.util.source_hash(file.read())
    facts = os.stat(source)
    return rest == struct.pack("<II", int(facts.st_mtime) & 0xFFFFFFFF, facts.st_size & 0xFFFFFFFF)


def compile_one(source):
    target = importlib.util.cache_from_source(source, optimization="")
    try:
        if not is_valid(source, target):
            mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
            py_compile.compile(source, cfile=target, doraise=True, invalidation_mode=mode)
    except (OSError, SyntaxError, UnicodeError, ValueError, py_compile.PyCompileError) as error:
        return f"left as it is: {source}: {type(error).__name__}"
    return ""


def main():
    found = sources()
    try:
        with ProcessPoolExecutor() as pool:
            notes = list(pool.map(compile_one, found, chunksize=64))
    except (ImportError, OSError):  # no semaphores here
        notes = [compile_one(source) for source in found]
    print(f"{len(found)} files")
    print(*(note for note in notes if note), sep="\\n")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
'''
