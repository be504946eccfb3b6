"""The outside, one thing a file: each imports its SDK and the core, nothing else of ours."""
