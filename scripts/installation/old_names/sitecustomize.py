"""Names that Python 3.12 removed and Theano's setup.py still uses, while pip builds Theano; nothing else sees them.

Every Python imports a module of this name when it starts, if it finds one: scripts/installation/python_packages.sh puts this
folder on ``PYTHONPATH`` for that build. Theano's own files stay as they came.
"""

import configparser

if not hasattr(configparser, "SafeConfigParser"):
    configparser.SafeConfigParser = configparser.ConfigParser
    configparser.SafeConfigParser.readfp = configparser.ConfigParser.read_file
