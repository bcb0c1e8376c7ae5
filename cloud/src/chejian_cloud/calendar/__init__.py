"""Work calendars: shifts and planned stops of a workshop, and the windows that follow from them."""
