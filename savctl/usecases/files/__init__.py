"""Files of tickets: examined, uploaded, attached, given out."""
