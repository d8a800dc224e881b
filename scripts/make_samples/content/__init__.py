"""What the documents say; how they are written is the business of the modules one level up."""
