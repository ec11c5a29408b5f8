"""Small vectors of texts: a static model, a file of vectors for each round, and clusters of them."""
