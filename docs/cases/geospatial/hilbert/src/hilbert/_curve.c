/* The place of a cell of a 65536 x 65536 grid on the Hilbert curve through it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *index_of(PyObject *module, PyObject *arguments) {
    unsigned long x, y, place = 0;
    if (!PyArg_ParseTuple(arguments, "kk", &x, &y))
        return NULL;
    for (unsigned long side = 32768; side > 0; side /= 2) {
        unsigned long right = (x & side) > 0, top = (y & side) > 0;
        place += side * side * ((3 * right) ^ top);
        if (!top) {
            if (right) {
                x = 65535 - x;
                y = 65535 - y;
            }
            unsigned long swapped = x;
            x = y;
            y = swapped;
        }
    }
    return PyLong_FromUnsignedLong(place);
}

static PyMethodDef methods[] = {{"index_of", index_of, METH_VARARGS, "index_of(x, y)"}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_curve", NULL, -1, methods};

PyMODINIT_FUNC PyInit__curve(void) { return PyModule_Create(&definition); }
