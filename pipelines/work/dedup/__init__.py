"""dedup, in stages, a file each:

    lines      count the lines of each part                                       (only where the recipe asks)
    repeated   one bucket of lines: those found in many documents                 (only where the recipe asks)
    sign       text → key → hashes and MinHash signature; band entries (hash, uid) sorted for the exchange
    group      one bucket of one band: edges from the smallest uid of every hash to the others
    cluster    all edges → array union-find → the clusters, their members the best first
    compare    a block of clusters: who stands for whom, and how alike the two are
    decide     what became of each document of a part, with the evidence

A uid is a document's number among those that `filter` kept: the documents of earlier corpora come first, then the
part's offset plus its row there. `signed` knows where the documents of a uid lie, `exchange` how a bucket is read from
the runs of all parts, `earlier` what other corpora have found.
"""
