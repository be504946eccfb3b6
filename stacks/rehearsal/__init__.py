"""What `stacks/demo.py` needs beside the story itself: a scratch clone, the real CLI, facts to count, a table."""
