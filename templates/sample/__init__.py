"""The invented company of the sample data, and the script that writes it: ``python -m templates.sample``.

Every name, number and text is made up. The same seed gives the same files, byte for byte; nothing here is imported
by the product, which only reads the files in ``templates/*/data/``.
"""
