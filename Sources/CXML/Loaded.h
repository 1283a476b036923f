/* Releases what libxml2 gave. */
void fettle_xml_free(void *memory);
