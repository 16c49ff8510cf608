"""What makes files of the project that are derived from others."""
