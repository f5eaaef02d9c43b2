"""What an image is made of: its layers, its waste, its risks, and bounds on all of them."""
