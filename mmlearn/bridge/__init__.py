"""Other people's weights under our names, proved equal."""
