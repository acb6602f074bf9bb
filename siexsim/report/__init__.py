"""A report of a result for the council: a web page, a PDF and a workbook with the same numbers."""
