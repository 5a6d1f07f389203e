"""One function a table: an outcome goes in, words and aligned numbers come out."""
