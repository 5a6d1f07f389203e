"""One function a figure: an outcome goes in, an SVG comes out."""
