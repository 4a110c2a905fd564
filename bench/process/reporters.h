// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <vector>

namespace ring3 {

// Rows by their own names: how time is taken is the same for all of them.
template <typename Base>
class PlainNames : public Base {
 public:
  using Base::Base;
  using Run = benchmark::BenchmarkReporter::Run;

  bool ReportContext(const benchmark::BenchmarkReporter::Context& context) override {
    benchmark::BenchmarkReporter::Context wider = context;
    wider.name_field_width = kNameWidth;
    return Base::ReportContext(wider);
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<Run> plain = runs;
    for (Run& run : plain) {
      run.run_name.time_type.clear();
      run.run_name.iterations.clear();
    }
    Base::ReportRuns(plain);
  }

 private:
  static constexpr size_t kNameWidth = 40;
};

}  // namespace ring3
