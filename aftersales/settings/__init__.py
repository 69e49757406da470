"""What a company sets for its papers, numbers and messages, each as dated rows."""
