// Moments of samples in a dyadic tree over leaves: two complete nodes that are siblings become their parent, so the
// nodes that are left, and every bit of them, depend only on which leaves were summed.
#pragma once
#include <vector>

#include "kernels/samples_table.hpp"

namespace fastdiv {

// Leaves [index 2^level, (index + 1) 2^level); a leaf that a run left incomplete never joins.
struct Node {
  int level;
  uint64_t index;
  bool complete;
};

// Of two siblings, n observations each.
inline Moments join(const Moments& a, const Moments& b, double n) {
  double df = b.f - a.f, dg = b.g - a.g, share = 0.5 / n;
  return {a.f + b.f, (a.ff + b.ff) + df * df * share, a.g + b.g, (a.gg + b.gg) + dg * dg * share,
          (a.fg + b.fg) + df * dg * share};
}

// Nodes in the order of their leaves, of one pair: `components` moments each.
class Forest {
 public:
  explicit Forest(size_t components) : components_(components) {}

  void push(const Node& node, const Moments* moments) {
    nodes_.push_back(node);
    moments_.insert(moments_.end(), moments, moments + components_);
    while (nodes_.size() >= 2 && are_siblings(nodes_[nodes_.size() - 2], nodes_.back())) join_last();
  }
  void push(const Forest& other) {
    for (size_t i = 0; i < other.size(); ++i) push(other.nodes_[i], other.moments(i));
  }

  size_t size() const { return nodes_.size(); }
  const Node& node(size_t i) const { return nodes_[i]; }
  const Moments* moments(size_t i) const { return moments_.data() + i * components_; }

 private:
  static bool are_siblings(const Node& a, const Node& b) {
    return a.complete && b.complete && a.level == b.level && a.index % 2 == 0 && b.index == a.index + 1;
  }

  void join_last() {
    Moments* a = moments_.data() + (nodes_.size() - 2) * components_;
    double n = static_cast<double>(rounds_of(components_) << nodes_.back().level);
    for (size_t k = 0; k < components_; ++k) a[k] = join(a[k], a[k + components_], n);
    nodes_.pop_back();
    moments_.resize(nodes_.size() * components_);
    nodes_.back().level += 1;
    nodes_.back().index /= 2;
  }

  size_t components_;
  std::vector<Node> nodes_;
  std::vector<Moments> moments_;
};

}  // namespace fastdiv
