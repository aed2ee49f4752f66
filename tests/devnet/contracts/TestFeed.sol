// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

/// A price aggregator whose answer anyone may set, and which may be told to revert.
/// Storage slot 0 is the answer, so that eth_call can override it.
contract TestFeed {
    int256 private answer;
    bool public isBroken;
    uint80 private round;
    uint256 private updatedAt;
    uint8 public immutable decimals;
    string public description;

    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    constructor(string memory description_, uint8 decimals_, int256 answer_) {
        description = description_;
        decimals = decimals_;
        set(answer_);
    }

    function set(int256 answer_) public {
        answer = answer_;
        round += 1;
        updatedAt = block.timestamp;
        emit AnswerUpdated(answer_, round, block.timestamp);
    }

    /// From now on every read reverts (or works again).
    function setBroken(bool broken) external {
        isBroken = broken;
    }

    function latestAnswer() public view returns (int256) {
        require(!isBroken, 'feed is broken');
        return answer;
    }

    function latestRound() external view returns (uint256) {
        return round;
    }

    function latestTimestamp() external view returns (uint256) {
        return updatedAt;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (round, latestAnswer(), updatedAt, updatedAt, round);
    }

    /// Chainlink's proxies name the contract that emits AnswerUpdated; this one emits its own.
    function aggregator() external view returns (address) {
        return address(this);
    }
}
