/* The CUDA driver as Weft's transport sees it: its calls can be made to fail, and what it has given
 * is counted.
 *
 * The linker sends the transport's loading of the driver here (--wrap): in the table of functions
 * that it gets, those that driver.c names count and then call the driver's own. */
#ifndef SWEEP_DRIVER_H
#define SWEEP_DRIVER_H

/* What a call that is made to fail returns (wrap.h says which one is): "memory" or "unknown", the
 * words of kinds.def. */
void sweep_driver_error_set(const char *word);

#endif
