NAME = 'api'
