"""Statistics: arrays in, arrays or named tuples out; imports nothing else of Primum."""
