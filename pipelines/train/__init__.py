"""What is learned from texts: tokenizers and classifiers of quality."""
