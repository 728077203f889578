"""The views of the Audit page, one module each; only the chosen one is computed.

context       what all views are given
picked        what can be done with a choice of images
detail        one image: why it is suspect, who said what
suspects      the ranking as a grid with filters
duplicates    groups side by side, conflicts first
reasons       histograms with thresholds that move
embedding     the map
classes       which pairs of classes are taken for each other
rankers       how good the rankings are, and other audits
"""
