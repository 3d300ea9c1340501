package dev.ringside;

import dev.ringside.fuzz.FuzzCorpus;

/** The inputs of this module's fuzz targets. */
class E1000FuzzCorpusTest extends FuzzCorpus {}
