"""The data station: recordings in, labelled windows with origin, group, side and licence out."""
