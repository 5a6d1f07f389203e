"""The border: files in, files out, checked where they cross."""
