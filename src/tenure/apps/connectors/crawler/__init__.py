"""The polite collector: reads what companies say of themselves on their own sites, and keeps no more than that.

`port` says what is asked of the network, `fetching` does it over addresses that were checked, `manners` says what a
site allows, `reading` what a page says, `walking` walks one site, `visits` writes down what was found.
"""
