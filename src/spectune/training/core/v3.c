/* The core for one kind of processor; setup.py gives the flags. */
#include "core.c"
