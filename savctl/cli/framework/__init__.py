"""What every command is made of: options, output, exit codes, files and streams."""
