"""Whoever asks a corpus what became of its documents; reads, and changes nothing."""
