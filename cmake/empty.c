/* libweft.so is made of the archives; CMake wants one source of its own. */
typedef int weft_empty_translation_unit;
