"""Requirements of Python distributions, as pip reads them: names, versions, markers, files, and conflicts."""
