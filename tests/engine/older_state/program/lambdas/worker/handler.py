NAME = 'worker'
