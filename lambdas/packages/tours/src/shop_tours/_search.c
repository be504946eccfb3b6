/* A short closed tour over a matrix of distances: nearest neighbour, then 2-opt until nothing gets shorter.
   Uses the stable ABI only, so that one build serves every CPython from 3.11 on. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

static void nearest_neighbours(const double *distance, Py_ssize_t n, Py_ssize_t *order)
{
    for (Py_ssize_t i = 0; i < n; i++)
        order[i] = i;
    for (Py_ssize_t i = 1; i < n; i++) {
        Py_ssize_t best = i;
        for (Py_ssize_t j = i + 1; j < n; j++)
            if (distance[order[i - 1] * n + order[j]] < distance[order[i - 1] * n + order[best]])
                best = j;
        Py_ssize_t taken = order[best];
        order[best] = order[i];
        order[i] = taken;
    }
}

static void two_opt(const double *distance, Py_ssize_t n, Py_ssize_t *order)
{
    int shorter = 1;
    while (shorter) {
        shorter = 0;
        for (Py_ssize_t i = 1; i < n - 1; i++) {
            for (Py_ssize_t j = i + 1; j < n; j++) {
                Py_ssize_t before = order[i - 1], first = order[i], last = order[j], after = order[(j + 1) % n];
                double change = distance[before * n + last] + distance[first * n + after]
                              - distance[before * n + first] - distance[last * n + after];
                if (change >= -1e-9)
                    continue;
                for (Py_ssize_t a = i, b = j; a < b; a++, b--) {
                    Py_ssize_t moved = order[a];
                    order[a] = order[b];
                    order[b] = moved;
                }
                shorter = 1;
            }
        }
    }
}

static PyObject *answer(const double *distance, Py_ssize_t n, const Py_ssize_t *order)
{
    double length = 0;
    PyObject *indexes = PyList_New(n);
    if (indexes == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < n; i++) {
        length += distance[order[i] * n + order[(i + 1) % n]];
        PyObject *index = PyLong_FromSsize_t(order[i]);
        if (index == NULL || PyList_SetItem(indexes, i, index) < 0) {
            Py_DECREF(indexes);
            return NULL;
        }
    }
    return Py_BuildValue("(Nd)", indexes, length);
}

static PyObject *shortest(PyObject *self, PyObject *arguments)
{
    PyObject *matrix, *result = NULL;
    Py_ssize_t n;
    if (!PyArg_ParseTuple(arguments, "O!n", &PyList_Type, &matrix, &n))
        return NULL;
    if (n < 1 || n > 10000 || PyList_Size(matrix) != n * n)
        return PyErr_Format(PyExc_ValueError, "a matrix of %zd stops should hold %zd distances", n, n * n);
    double *distance = PyMem_Malloc((size_t)(n * n) * sizeof(double));
    Py_ssize_t *order = PyMem_Malloc((size_t)n * sizeof(Py_ssize_t));
    if (distance == NULL || order == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    for (Py_ssize_t i = 0; i < n * n; i++) {
        distance[i] = PyFloat_AsDouble(PyList_GetItem(matrix, i));
        if (PyErr_Occurred())
            goto done;
    }
    Py_BEGIN_ALLOW_THREADS
    nearest_neighbours(distance, n, order);
    two_opt(distance, n, order);
    Py_END_ALLOW_THREADS
    result = answer(distance, n, order);
done:
    PyMem_Free(distance);
    PyMem_Free(order);
    return result;
}

static PyMethodDef functions[] = {
    {"shortest", shortest, METH_VARARGS,
     "shortest(distances, n) -> (order, length): distances is a list of n * n floats, row by row."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_search", NULL, 0, functions, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__search(void)
{
    return PyModuleDef_Init(&module);
}
