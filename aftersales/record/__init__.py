"""The kernel: what is the same for every record type. It knows no word of the business."""
