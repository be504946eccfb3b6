"""What both ends of a remote build share: the plan that travels with the sources, and the lines that come back."""
