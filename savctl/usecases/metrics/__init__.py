"""What is measured: a module for each subject, each with its families and what reads them."""
