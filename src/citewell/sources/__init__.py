"""Where documents come from. Each source lists its items cheaply and reads one when asked."""
