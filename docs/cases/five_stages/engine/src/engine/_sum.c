/* The sum of the squares of a list of floats. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *sum_of_squares(PyObject *module, PyObject *values) {
    double sum = 0;
    PyObject *fast = PySequence_Fast(values, "a sequence of numbers");
    if (fast == NULL)
        return NULL;
    for (Py_ssize_t at = 0; at < PySequence_Fast_GET_SIZE(fast); at++) {
        double value = PyFloat_AsDouble(PySequence_Fast_GET_ITEM(fast, at));
        sum += value * value;
    }
    Py_DECREF(fast);
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(sum);
}

static PyMethodDef methods[] = {{"sum_of_squares", sum_of_squares, METH_O, "sum_of_squares(values)"}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_sum", NULL, -1, methods};

PyMODINIT_FUNC PyInit__sum(void) { return PyModule_Create(&definition); }
