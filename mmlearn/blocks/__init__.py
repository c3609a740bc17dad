"""Parts that every network is made of: attention, transformer blocks, positions, and the gradients under them."""
