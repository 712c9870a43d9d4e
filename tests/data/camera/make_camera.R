# Writes input.csv and expected.csv: limma's cameraPR on a synthetic statistic.
#   LC_ALL=C Rscript make_camera.R
# Made with R 4.2.2 and limma 3.54.1 (Debian's r-bioc-limma).
library(limma)
set.seed(20261127)
genes <- 400
statistic <- signif(rnorm(genes, 0.05, 0.2), 12)
sizes <- c(1, 2, 5, 10, 40, 200, 399)
index <- lapply(sizes, function(size) sort(sample(genes, size)))
statistic[index[[5]]] <- signif(statistic[index[[5]]] + 0.1, 12)
correlation <- c(0, 0.4, 0.01, 0.25, 0.1, 0, 0.02)
member <- sapply(index, function(set) as.integer(seq_len(genes) %in% set))
colnames(member) <- paste0("set", seq_along(sizes))
input <- data.frame(statistic = format(statistic, digits = 15), member)
write.csv(input, "input.csv", row.names = FALSE, quote = FALSE)
names(index) <- colnames(member)
found <- cameraPR(statistic, index, use.ranks = FALSE, inter.gene.cor = correlation, sort = FALSE)
# t is not in the table, but follows from the two-sided p, the direction and the degrees of freedom.
t <- ifelse(found$Direction == "Up", 1, -1) * qt(found$PValue / 2, genes - 2, lower.tail = FALSE)
expected <- data.frame(
  set = names(index), genes = found$NGenes, correlation = correlation,
  t = format(t, digits = 15), p = format(found$PValue, digits = 15)
)
write.csv(expected, "expected.csv", row.names = FALSE, quote = FALSE)
